#!/usr/bin/env node
"use strict";

// The command of a clone: an older Node could not even read src/main.ts.
require("./check.cjs");
void import("../../src/main.ts");
