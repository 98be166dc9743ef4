/** Who asks, as conditions under which a policy looks at a request at all. The chart fills in what is in `$(…)`. */

export const OPERATOR = "request.userInfo.username == '$(operator)'";
/** Named by the installation: a backup program that restores, a test that breaks things on purpose. */
const EXEMPT = "request.userInfo.username in $(exempt)";
export const CERT_MANAGER = "request.userInfo.username in $(certManager)";

/** A control plane whose controllers have no accounts of their own works under this name. */
const CONTROLLER_MANAGER = "system:kube-controller-manager";
const account = (name: string) => `system:serviceaccount:kube-system:${name}`;

/** Their names are those of kube-controller-manager's controllers (`cmd/kube-controller-manager/names`). */
const WORKLOAD_CONTROLLERS = [
  "cronjob-controller",
  "daemon-set-controller",
  "deployment-controller",
  "job-controller",
  "replicaset-controller",
  "replication-controller",
  "statefulset-controller",
].map(account);
const CLEANERS = ["generic-garbage-collector", "namespace-controller"].map(account);

const among = (names: readonly string[]) => `request.userInfo.username in [${names.map((n) => `'${n}'`).join(", ")}]`;

/** A condition that keeps a policy away from those for whom `test` is true. */
function except(name: string, test: string) {
  return { name: `not-${name}`, expression: `!(${test})` };
}

export const notExempt = except("exempt", EXEMPT);
export const notOperator = except("the-operator", OPERATOR);
/** What they make comes from a template that was admitted, of this release or a former one. */
export const notWorkloadControllers = except(
  "workload-controllers",
  among([...WORKLOAD_CONTROLLERS, CONTROLLER_MANAGER]),
);
/** They only take away what nobody owns any more, and what was in a namespace that goes. */
export const notCleaners = except("cleaners", among([...CLEANERS, CONTROLLER_MANAGER]));
/** The cluster's own programs: whoever is one of them owns the cluster. Drivers of volumes and load balancers often are. */
export const notTheCluster = except(
  "the-cluster",
  `${among([CONTROLLER_MANAGER, "system:kube-scheduler", "system:cloud-controller-manager"])} || ` +
    "(has(request.userInfo.groups) && 'system:serviceaccounts:kube-system' in request.userInfo.groups)",
);
/** It writes the Secrets of certificates, and nobody else's. */
export const notCertManagerOnItsOwn = except(
  "cert-manager",
  `${CERT_MANAGER} && request.resource.resource in ['secrets', 'certificates', 'issuers']`,
);

/** A program with an account outside of the namespace, such as the driver of a load balancer; nobody of the practice. */
export const FROM_ELSEWHERE =
  "request.userInfo.username.startsWith('system:serviceaccount:') && " +
  "!request.userInfo.username.startsWith('system:serviceaccount:' + request.namespace + ':')";
