# Runs before Prosody, and before jicofo beside it, is stopped: waits until nobody is in a room. Nothing else ends the
# wait but the pod's grace period, because whatever else goes wrong, somebody may be in a call.
while true; do
  answer=$(curl --silent --fail --max-time 5 http://127.0.0.1:5281/practice/busy)
  status=$?
  # Nobody listens: Prosody has ended already, and the calls with it.
  [ "$status" -eq 7 ] && exit 0
  echo "$answer" | grep -Eq '"busy": *false' && exit 0
  sleep 2
done
