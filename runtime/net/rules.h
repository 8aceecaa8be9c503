/* SPDX-License-Identifier: Apache-2.0 */
/* The table, as text for nft(8). The pools are those of lib/net/net.h. */
#ifndef RUNTIME_NET_RULES_H
#define RUNTIME_NET_RULES_H

#define RULES_POOL4 "10.209.0.0/18"
#define RULES_POOL6 "fd69:6e73:756c:61::/64"

/*
 * guard: a source address has to be one that is routed to the interface it comes from. Nothing in the table
 * says so: the routing table knows. 127.0.0.0/8 is kept from guests because host programs that reach a
 * published port by 127.0.0.1 need route_localnet.
 *
 * published: the source address is kept, because answers pass the host anyway. Only what the host sends from
 * 127.0.0.1 has to get another one. ::1 cannot be routed at all.
 *
 * between: a map leads from the interface that a packet comes from to the chain of its group, which accepts
 * what goes to the interface of a member. groups1 to groups4, because an interface is a key once.
 *
 * forward: what is neither from a guest nor to one is no business of ours. Addresses of the pool that are
 * nobody's are not sent to the world.
 */
static const char rules[] =
	"create table inet insula\n"
	"table inet insula {\n"
	"	set guests { type ifname; }\n"
	"	map publish4 { type inet_proto . inet_service : ipv4_addr . inet_service; }\n"
	"	map publish6 { type inet_proto . inet_service : ipv6_addr . inet_service; }\n"
	"	map publish4at { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }\n"
	"	map publish6at { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }\n"
	"	map groups1 { type ifname : verdict; }\n"
	"	map groups2 { type ifname : verdict; }\n"
	"	map groups3 { type ifname : verdict; }\n"
	"	map groups4 { type ifname : verdict; }\n"
	"	chain guard {\n"
	"		type filter hook prerouting priority raw\n"
	"		iifname \"isl*\" fib saddr . iif oif 0 drop\n"
	"		iifname \"isl*\" ip daddr 127.0.0.0/8 drop\n"
	"	}\n"
	"	chain published {\n"
	"		dnat ip to ip daddr . meta l4proto . th dport map @publish4at\n"
	"		dnat ip6 to ip6 daddr . meta l4proto . th dport map @publish6at\n"
	"		meta nfproto ipv4 dnat ip to meta l4proto . th dport map @publish4\n"
	"		meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @publish6\n"
	"	}\n"
	"	chain arriving {\n"
	"		type nat hook prerouting priority dstnat\n"
	"		meta l4proto { tcp, udp } fib daddr type local goto published\n"
	"	}\n"
	"	chain leaving {\n"
	"		type nat hook output priority -100\n"
	"		ip6 daddr ::1 accept\n"
	"		meta l4proto { tcp, udp } fib daddr type local goto published\n"
	"	}\n"
	"	chain host {\n"
	"		type filter hook input priority filter\n"
	"		iifname != \"isl*\" accept\n"
	"		ct state established,related accept\n"
	"		icmp type echo-request accept\n"
	"		icmpv6 type echo-request accept\n"
	"		reject with icmpx admin-prohibited\n"
	"	}\n"
	"	chain between {\n"
	"		iifname vmap @groups1\n"
	"		iifname vmap @groups2\n"
	"		iifname vmap @groups3\n"
	"		iifname vmap @groups4\n"
	"		reject with icmpx admin-prohibited\n"
	"	}\n"
	"	chain forward {\n"
	"		type filter hook forward priority filter\n"
	"		iifname != \"isl*\" oifname != \"isl*\" accept\n"
	"		ct state established,related accept\n"
	"		ct status dnat accept\n"
	"		iifname \"isl*\" oifname \"isl*\" goto between\n"
	"		ip daddr " RULES_POOL4 " reject with icmpx admin-prohibited\n"
	"		ip6 daddr " RULES_POOL6 " reject with icmpx admin-prohibited\n"
	"	}\n"
	"	chain outward {\n"
	"		type nat hook postrouting priority srcnat\n"
	"		oifname \"isl*\" ip saddr 127.0.0.0/8 masquerade\n"
	"		oifname \"isl*\" accept\n"
	"		ip saddr " RULES_POOL4 " masquerade\n"
	"		ip6 saddr " RULES_POOL6 " masquerade\n"
	"	}\n"
	"}\n";

/*
 * A group, its name in three places, in the order of the arguments: made anew each time, it is the same
 * afterwards, whoever else makes it meanwhile.
 */
#define RULES_GROUP                                                 \
	"add chain inet insula group-%s\n"                          \
	"flush chain inet insula group-%s\n"                        \
	"add set inet insula group-%s { type ifname; }\n"           \
	"add rule inet insula group-%s oifname @group-%s accept\n"

#endif
