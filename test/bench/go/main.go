// A small operator on controller-runtime, to measure ours against: for each practice it applies the objects that it finds on
// disk, and keeps informers on their kinds. It renders nothing, judges nothing and tells nothing.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const (
	manager = "bench-go"
	// Stands in the files for the uid of the practice.
	placeholder = "00000000-0000-0000-0000-000000000000"
	label       = "telehealth-operator.io/practice"
)

var practice = schema.GroupVersionKind{Group: "telehealth-operator.io", Version: "v1alpha1", Kind: "TelehealthPractice"}

type applier struct {
	client  client.Client
	scheme  *runtime.Scheme
	objects string
	// File to the resource version that it was applied as.
	applied sync.Map
}

func (a *applier) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	owner := newPractice()
	if err := a.client.Get(ctx, request.NamespacedName, owner); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	files, err := filepath.Glob(filepath.Join(a.objects, request.Namespace, "*.json"))
	if err != nil {
		return ctrl.Result{}, err
	}
	for _, file := range files {
		if err := a.apply(ctx, file, string(owner.GetUID())); err != nil {
			return ctrl.Result{}, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
	}
	return ctrl.Result{}, nil
}

// Sends what the cache does not show as it was applied.
func (a *applier) apply(ctx context.Context, file, uid string) error {
	wanted, err := read(file, uid)
	if err != nil {
		return err
	}
	live, err := object(a.scheme, wanted.GroupVersionKind())
	if err != nil {
		return err
	}
	if a.client.Get(ctx, client.ObjectKeyFromObject(wanted), live) == nil {
		if version, known := a.applied.Load(file); known && version == live.GetResourceVersion() {
			return nil
		}
	}
	sent := client.ApplyConfigurationFromUnstructured(wanted)
	if err := a.client.Apply(ctx, sent, client.FieldOwner(manager), client.ForceOwnership); err != nil {
		return err
	}
	a.applied.Store(file, wanted.GetResourceVersion())
	return nil
}

func newPractice() *unstructured.Unstructured {
	owner := &unstructured.Unstructured{}
	owner.SetGroupVersionKind(practice)
	return owner
}

// What the cache holds of a kind: Go's own types where there are some, which are smaller.
func object(scheme *runtime.Scheme, kind schema.GroupVersionKind) (client.Object, error) {
	if scheme.Recognizes(kind) {
		typed, err := scheme.New(kind)
		if err != nil {
			return nil, err
		}
		return typed.(client.Object), nil
	}
	found := &unstructured.Unstructured{}
	found.SetGroupVersionKind(kind)
	return found, nil
}

func read(file, uid string) (*unstructured.Unstructured, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	found := &unstructured.Unstructured{}
	return found, found.UnmarshalJSON(bytes.ReplaceAll(text, []byte(placeholder), []byte(uid)))
}

// The kinds of the objects on disk, whose files are called NUMBER-KIND.json.
func kinds(objects string) ([]schema.GroupVersionKind, error) {
	files, err := filepath.Glob(filepath.Join(objects, "*", "*.json"))
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	found := []schema.GroupVersionKind{}
	for _, file := range files {
		_, kind, _ := strings.Cut(filepath.Base(file), "-")
		if seen[kind] {
			continue
		}
		seen[kind] = true
		object, err := read(file, "")
		if err != nil {
			return nil, err
		}
		found = append(found, object.GroupVersionKind())
	}
	return found, nil
}

// Ready when it leads and every informer is filled.
func ready(mgr ctrl.Manager) func(*http.Request) error {
	return func(request *http.Request) error {
		select {
		case <-mgr.Elected():
		default:
			return errors.New("not the leader yet")
		}
		soon, cancel := context.WithTimeout(request.Context(), 50*time.Millisecond)
		defer cancel()
		if !mgr.GetCache().WaitForCacheSync(soon) {
			return errors.New("the caches are still filling")
		}
		return nil
	}
}

func run() error {
	objects := flag.String("objects", "", "folder with a folder of JSON files for each namespace")
	workers := flag.Int("workers", 10, "practices reconciled at the same time")
	metrics := flag.String("metrics", "0", "address of the metrics")
	probes := flag.String("probes", "0", "address of the probes")
	flag.Parse()
	ctrl.SetLogger(zap.New())
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	ours, err := labels.Parse(label)
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                        clientscheme.Scheme,
		Metrics:                       server.Options{BindAddress: *metrics},
		HealthProbeBindAddress:        *probes,
		LeaderElection:                true,
		LeaderElectionID:              manager,
		LeaderElectionNamespace:       "default",
		LeaderElectionReleaseOnCancel: true,
		Client:                        client.Options{Cache: &client.CacheOptions{Unstructured: true}},
		Cache: cache.Options{
			DefaultTransform:     cache.TransformStripManagedFields(),
			DefaultLabelSelector: ours,
			ByObject:             map[client.Object]cache.ByObject{newPractice(): {Label: labels.Everything()}},
		},
	})
	if err != nil {
		return err
	}
	found, err := kinds(*objects)
	if err != nil {
		return err
	}
	options := controller.Options{MaxConcurrentReconciles: *workers}
	building := ctrl.NewControllerManagedBy(mgr).Named("practice").For(newPractice()).WithOptions(options)
	for _, kind := range found {
		child, err := object(mgr.GetScheme(), kind)
		if err != nil {
			return err
		}
		building = building.Watches(child, handler.EnqueueRequestForOwner(mgr.GetScheme(), mgr.GetRESTMapper(), newPractice()))
	}
	reconciler := &applier{client: mgr.GetClient(), scheme: mgr.GetScheme(), objects: *objects}
	if err := building.Complete(reconciler); err != nil {
		return err
	}
	if err := mgr.AddReadyzCheck("ready", ready(mgr)); err != nil {
		return err
	}
	return mgr.Start(ctrl.SetupSignalHandler())
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
