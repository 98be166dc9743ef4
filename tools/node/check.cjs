"use strict";

// Readable by old versions of Node, because they are the ones that have to say this.
if (Number(process.versions.node.split(".")[0]) < 24) {
  process.stderr.write(
    `This needs Node 24 or newer and was started on Node ${process.versions.node}: run \`npm rebuild --ignore-scripts\` ` +
      "once, which links the Node 24 that `npm ci` brought along on Linux, or install Node 24 yourself.\n",
  );
  process.exit(1);
}
