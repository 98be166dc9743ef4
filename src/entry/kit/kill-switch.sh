#!/bin/sh
# While it is on, packets leave this computer through the tunnel or not at all: IPv4, IPv6 and name lookups.
# It does not depend on the tunnel: when that fails, it stays shut.
#
#   kill-switch.sh on INTERFACE MARK   shut everything but the tunnel INTERFACE, whose own packets bear MARK
#   kill-switch.sh off                 open again
#   kill-switch.sh status              say which it is; ends with 0 when on, with 3 when off
#
# Needs root and nftables. Other programs' rules stay as they are.
set -eu

TABLE=kill_switch

fail() {
	echo "kill-switch: $1" >&2
	exit 1
}

is_on() {
	nft list table inet "$TABLE" >/dev/null 2>&1
}

command -v nft >/dev/null || fail "nftables is missing. Please install the package nftables."

case "${1-}" in
on)
	[ $# -eq 3 ] || fail "Please give the interface and the mark, such as: kill-switch.sh on tunnel 51820"
	case "$2" in
	'' | *[!A-Za-z0-9_.=+-]*) fail "This is not the name of an interface: $2" ;;
	esac
	case "$3" in
	'' | *[!0-9]*) fail "The mark is a number, the one that FwMark has in the tunnel's configuration: $3" ;;
	esac
	# One transaction: there is no moment without rules when they are replaced.
	nft -f - <<-RULES
		table inet $TABLE {}
		delete table inet $TABLE
		table inet $TABLE {
			chain out {
				type filter hook output priority 0; policy drop;
				oifname { "lo", "$2" } accept
				meta mark $3 meta l4proto udp accept comment "the tunnel itself"
				udp sport 68 udp dport 67 accept comment "an address from this network"
				udp sport 546 udp dport 547 accept
				icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld2-listener-report } accept
				reject with icmpx type admin-prohibited
			}
			chain through {
				type filter hook forward priority 0; policy drop;
				oifname "$2" accept
				iifname "$2" accept
			}
		}
	RULES
	echo "kill-switch: on. Only $2 leads out. To open again: kill-switch.sh off"
	;;
off)
	if is_on; then nft delete table inet "$TABLE"; fi
	echo "kill-switch: off"
	;;
status)
	if is_on; then
		echo "kill-switch: on"
	else
		echo "kill-switch: off"
		exit 3
	fi
	;;
*)
	fail "Please say on, off or status."
	;;
esac
