# Runs before the bridge is stopped: takes no new conference, and waits until the running ones are over. Nothing else
# ends the wait but the pod's grace period, because whatever else goes wrong, somebody may be in a call.
bridge=http://127.0.0.1:8080

ask() {
  curl --silent --fail --max-time 5 "$@"
}

ask --output /dev/null --request POST "$bridge/colibri/drain/enable"

while true; do
  metrics=$(ask "$bridge/metrics")
  status=$?
  # Nobody listens: the bridge has ended already, and the calls with it.
  [ "$status" -eq 7 ] && exit 0
  echo "$metrics" | grep -Eq '^jitsi_jvb_conferences 0(\.0)?$' && exit 0
  sleep 2
done
