// The list itself stands where the policy checks may read it as well.
export { appVersionState, isProven } from "../../practice/app-versions.ts";
