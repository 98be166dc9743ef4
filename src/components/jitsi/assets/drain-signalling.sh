# Runs before Prosody, and before jicofo beside it, is stopped: waits until nobody is in a room. Nothing else ends the
# wait but the pod's grace period, because whatever else goes wrong, somebody may be in a call.
case "$0" in
*/jicofo/*) own=http://127.0.0.1:8888/about/version ;;
*) own=http://127.0.0.1:5281/practice/busy ;;
esac

# A program that has only just been started would not hear the signal to end, which the first process of a container must
# have asked for: so it is waited for until it listens. One that has ended already never does.
looks=0
while [ "$looks" -lt 30 ]; do
  curl --silent --output /dev/null --max-time 5 "$own"
  [ $? -ne 7 ] && break
  looks=$((looks + 1))
  sleep 2
done

while true; do
  answer=$(curl --silent --fail --max-time 5 http://127.0.0.1:5281/practice/busy)
  # Nobody listens any more: Prosody has ended already, and the calls with it.
  [ $? -eq 7 ] && exit 0
  echo "$answer" | grep -Eq '"busy": *false' && exit 0
  sleep 2
done
