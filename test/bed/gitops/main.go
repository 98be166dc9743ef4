// What GitOps tools make of objects, decided by the tools' own code: Argo CD's engine applies and compares them, and
// kstatus, by which Flux waits, judges their status. Reads JSON from standard input and writes JSON to standard output.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/diff"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/utils/kube"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/utils/tracing"
	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
)

// manager is the name by which Argo CD applies and compares (argo-cd, common/common.go: ArgoCDSSAManager).
const manager = "argocd-controller"

type verdict struct {
	Object    string          `json:"object"`
	Way       string          `json:"way"`
	Modified  bool            `json:"modified"`
	Live      json.RawMessage `json:"live"`
	Predicted json.RawMessage `json:"predicted"`
}

type judgement struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	var objects []*unstructured.Unstructured
	if err := json.NewDecoder(os.Stdin).Decode(&objects); err != nil {
		return fmt.Errorf("reading objects: %w", err)
	}
	answer, err := dispatch(args, objects)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(answer)
}

func dispatch(args []string, objects []*unstructured.Unstructured) (any, error) {
	switch {
	case len(args) == 1 && args[0] == "kstatus":
		return judge(objects)
	case len(args) == 2 && args[0] == "diff":
		return compare(args[1], objects)
	case len(args) == 3 && args[0] == "apply" && (args[1] == "client" || args[1] == "server"):
		return apply(args[2], objects, args[1] == "server")
	}
	return nil, fmt.Errorf("usage: gitops kstatus | diff KUBECONFIG | apply client|server KUBECONFIG")
}

func connect(kubeconfig string) (*rest.Config, *kube.KubectlCmd, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, nil, err
	}
	config.QPS, config.Burst = -1, -1
	return config, &kube.KubectlCmd{Log: logr.Discard(), Tracer: tracing.NopTracer{}}, nil
}

// apply does what a sync does: kubectl's apply as Argo CD calls it, on the client's or the server's side.
func apply(kubeconfig string, objects []*unstructured.Unstructured, serverSide bool) (any, error) {
	config, kubectl, err := connect(kubeconfig)
	if err != nil {
		return nil, err
	}
	operations, cleanup, err := kubectl.ManageResources(config)
	if err != nil {
		return nil, err
	}
	defer cleanup()
	answers := []string{}
	for _, object := range objects {
		said, err := operations.ApplyResource(context.Background(), object, cmdutil.DryRunNone, false, true, serverSide, manager)
		if err != nil {
			return nil, fmt.Errorf("applying %s: %w", nameOf(object), err)
		}
		answers = append(answers, said)
	}
	return answers, nil
}

// compare asks in every way in which Argo CD can be told to compare, without any rule that ignores a difference.
func compare(kubeconfig string, objects []*unstructured.Unstructured) (any, error) {
	config, kubectl, err := connect(kubeconfig)
	if err != nil {
		return nil, err
	}
	_, parser, err := kubectl.LoadOpenAPISchema(config)
	if err != nil {
		return nil, err
	}
	applier, cleanup, err := kubectl.ManageServerSideDiffDryRuns(config)
	if err != nil {
		return nil, err
	}
	defer cleanup()
	common := []diff.Option{diff.WithManager(manager), diff.WithGVKParser(parser), diff.WithLogr(logr.Discard())}
	dryRun := append(common, diff.WithServerSideDiff(true), diff.WithServerSideDryRunner(diff.NewK8sServerSideDryRunner(applier)))
	ways := []struct {
		name    string
		options []diff.Option
	}{
		{"client", common},
		{"structured", append(common, diff.WithStructuredMergeDiff(true))},
		{"server", dryRun},
		{"server, mutations included", append(dryRun, diff.WithIgnoreMutationWebhook(false))},
	}
	verdicts := []verdict{}
	for _, object := range objects {
		live, err := kubectl.GetResource(context.Background(), config, object.GroupVersionKind(), object.GetName(), object.GetNamespace())
		if err != nil {
			return nil, fmt.Errorf("getting %s: %w", nameOf(object), err)
		}
		for _, way := range ways {
			// Each way trims what it is given, and they may share memory: copies for each.
			result, err := diff.Diff(object.DeepCopy(), live.DeepCopy(), way.options...)
			if err != nil {
				return nil, fmt.Errorf("comparing %s (%s): %w", nameOf(object), way.name, err)
			}
			verdicts = append(verdicts, verdict{nameOf(object), way.name, result.Modified, result.NormalizedLive, result.PredictedLive})
		}
	}
	return verdicts, nil
}

// judge says what Flux, and every other user of kstatus, takes a status for.
func judge(objects []*unstructured.Unstructured) (any, error) {
	judgements := []judgement{}
	for _, object := range objects {
		result, err := status.Compute(object)
		if err != nil {
			return nil, fmt.Errorf("judging %s: %w", nameOf(object), err)
		}
		judgements = append(judgements, judgement{result.Status.String(), result.Message})
	}
	return judgements, nil
}

func nameOf(object *unstructured.Unstructured) string {
	return object.GetKind() + "/" + object.GetName()
}
