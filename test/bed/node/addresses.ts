/** The node's own address: the API server, the kubelet and NodePorts answer here. */
export const NODE_ADDRESS = "10.200.0.1";
/** The other end of the node's only cable: everything that is not the cluster. */
export const OUTSIDE_ADDRESS = "10.200.0.254";
/** Addresses of load balancers; packets to them go to the node. Documentation addresses (RFC 5737). */
export const BALANCER_RANGE = "203.0.113.0/24";
/** The one of the front door, where all hosts of practices lead. */
export const DOOR_ADDRESS = "203.0.113.250";
/** Where servers of "the internet" may be, and the metadata service of clouds. */
export const INTERNET_ADDRESS = "198.51.100.1";
export const METADATA_ADDRESS = "169.254.169.254";

export const POD_RANGE = "10.88.0.0/16";
export const SERVICE_RANGE = "10.96.0.0/16";
export const DNS_ADDRESS = "10.96.0.10";
export const API_PORT = 6443;
export const NODE_NAME = "bed-node";
