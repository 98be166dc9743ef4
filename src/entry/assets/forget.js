import { forgetLink } from "./tab.js";

// The call is over, or somebody went away from it.
forgetLink();
