// Checks of the node with an official Node client:
//
//	node checks.mjs PACKAGE CONNECTION [SECURE-CONNECTION]
//
// Each check gives a line of JSON; the exit code is 1 when one failed.

import { catchup } from "./catchup.mjs";
import { Harness } from "./harness.mjs";
import { persistent } from "./persistent.mjs";
import { reading } from "./reading.mjs";
import { secure } from "./secure.mjs";
import { streams } from "./streams.mjs";

const [name, connection, secureConnection] = process.argv.slice(2);
const h = new Harness(await import(name), connection, secureConnection);
for (const part of [streams, reading, catchup, persistent, secure]) {
  part(h);
}
// Some clients keep the process alive for a while after they were disposed of.
process.exit((await h.run()) > 0 ? 1 : 0);
