/** What `telehealth help` prints. Each command and flag here stands in the README, checked by a test. */
export const USAGE = `telehealth: a psychotherapy practice's own encrypted video and messaging on Kubernetes

  telehealth operator                     run the controller
      [--config FILE] [--context NAME]
  telehealth render -f FILE|-             print every object of a practice as YAML, without a cluster
      [--observed FILE] [--config FILE]
  telehealth plan -f FILE|-               show what the operator would change in a cluster
      [--context NAME] [--config FILE]
  telehealth status [NAME]                show how practices are doing, and the next step
      [-n NAMESPACE] [--context NAME]
  telehealth audit NAME [-n NAMESPACE]    report on each promise: met, not met or unknown, with the evidence
      [--probe] [--json] [--context NAME] [--config FILE]
  telehealth release NAME -n NAMESPACE    free a practice that cannot be deleted because its operator is gone
      [--context NAME] --yes
  telehealth purge NAME -n NAMESPACE      erase what a deleted practice left, and print what was erased
      [--context NAME] --yes
  telehealth user add|list|lock|unlock|reset|remove [ID] --practice NAME
      [-n NAMESPACE] [--context NAME]     administer the people of a practice
      [--role therapist|patient] [--named] --yes
  telehealth backup NAME --to FOLDER      copy messages, files and keys of a practice to this machine
      [-n NAMESPACE] [--context NAME]
  telehealth restore -f FILE --from FOLDER  put them into an empty namespace, before the practice is applied
      [--context NAME] [--config FILE]
  telehealth copy give|file|folder        give or take the parts of a backup (run by both of these in a pod)
      --database FILE --media FOLDER --target PATH
  telehealth entry                        serve a practice's entry page (run by the operator in a pod)
  telehealth probe listen|dial            try a practice's walls (run by the operator in pods of its own)
  telehealth stun                         answer STUN beside a practice's bridge (run by the operator in its pod)

Exit codes: 0 done, 1 failed, 2 bad input. -f - reads standard input.
Linked as kubectl-practice on the PATH, it is also \`kubectl practice\`.
`;
