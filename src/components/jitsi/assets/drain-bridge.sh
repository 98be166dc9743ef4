# Runs before the bridge is stopped: takes no new conference, and waits until the running ones are over. Nothing else
# ends the wait but the pod's grace period, because whatever else goes wrong, somebody may be in a call.
bridge=http://127.0.0.1:8080

ask() {
  curl --silent --fail --max-time 5 "$@"
}

ask --output /dev/null --request POST "$bridge/colibri/drain/enable"

looks=0
while true; do
  metrics=$(ask "$bridge/metrics")
  status=$?
  # Nobody listens any more: the bridge has ended already, and the calls with it. Nobody listens yet: it has only just
  # been started and would not hear the signal to end, which the first process of a container must have asked for.
  if [ "$status" -eq 7 ]; then
    looks=$((looks + 1))
    [ "$looks" -gt 30 ] && exit 0
  else
    looks=30
  fi
  echo "$metrics" | grep -Eq '^jitsi_jvb_conferences 0(\.0)?$' && exit 0
  sleep 2
done
