# Runs before Prosody, and before jicofo beside it, is stopped: waits until nobody is in a room. Nothing else ends the
# wait but the pod's grace period, because whatever else goes wrong, somebody may be in a call.
looks=0
while true; do
  answer=$(curl --silent --fail --max-time 5 http://127.0.0.1:5281/practice/busy)
  status=$?
  # Nobody listens any more: Prosody has ended already, and the calls with it. Nobody listens yet: it has only just been
  # started and would not hear the signal to end, which the first process of a container must have asked for.
  if [ "$status" -eq 7 ]; then
    looks=$((looks + 1))
    [ "$looks" -gt 30 ] && exit 0
  else
    looks=30
  fi
  echo "$answer" | grep -Eq '"busy": *false' && exit 0
  sleep 2
done
