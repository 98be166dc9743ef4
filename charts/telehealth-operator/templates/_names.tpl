{{- define "operator.labels" -}}
app.kubernetes.io/name: telehealth-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "operator.selector" -}}
app.kubernetes.io/name: telehealth-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "operator.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{- /* The operator's options. Its own image is one of them, because the entry pages run on it; so is where it is itself. */ -}}
{{- define "operator.config" -}}
{{- $images := dict "operator" (include "operator.image" .) -}}
{{- $namespace := dict "matchLabels" (dict "kubernetes.io/metadata.name" .Release.Namespace) -}}
{{- $pods := dict "matchLabels" (include "operator.selector" . | fromYaml) -}}
{{- $peers := list (dict "namespaceSelector" $namespace "podSelector" $pods) -}}
{{- $ours := dict "images" $images "leaderElection" (dict "name" .Release.Name) "operatorPeers" $peers -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $ours) -}}
{{- end }}
