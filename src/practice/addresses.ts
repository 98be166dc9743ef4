/** As Services call them. */
export type IpFamily = "IPv4" | "IPv6";

export function familyOf(ip: string): IpFamily {
  return ip.includes(":") ? "IPv6" : "IPv4";
}

/** Whether an address is of a network of somebody's own (RFC 1918, RFC 4193), as the bridge judges it. */
export function isPrivate(ip: string): boolean {
  return /^(10|192\.168|172\.(1[6-9]|2[0-9]|3[01]))\.|^f[cd][0-9a-f]{2}:/i.test(ip);
}
