import { dispatch } from "./dispatch.ts";
import { processIo } from "./io.ts";
import { onClosedPipe } from "./closed-pipe.ts";
import { listenForSignals } from "./signals.ts";
import { endAfterWork } from "../std/process-end.ts";

onClosedPipe();
endAfterWork();
// Node ends without a word and with status 0 when nothing is left that could settle a promise somebody waits for.
process.once("beforeExit", () => {
  process.stderr.write("ERROR: unexpected: the work stopped before its end\n");
  process.exit(1);
});
// Idle connections and workers would keep the process alive; writes to pipes and files are done by then.
void dispatch(process.argv.slice(2), processIo(), listenForSignals()).then((status) => process.exit(status));
