import { dispatch } from "./dispatch.ts";
import { processIo } from "./io.ts";
import { onClosedPipe } from "./closed-pipe.ts";
import { listenForSignals } from "./signals.ts";
import { endAfterWork } from "../std/process-end.ts";

// A process that stands by gets its streams later.
if (process.argv[2] !== "standby") onClosedPipe();
endAfterWork();
// Node ends without a word and with status 0 when nothing is left that could settle a promise somebody waits for.
process.once("beforeExit", () => {
  process.stderr.write("ERROR: unexpected: the work stopped before its end\n");
  process.exit(1);
});

void dispatch(process.argv.slice(2), processIo(), listenForSignals()).then(async (status) => {
  if (process.env["SAMPAN_STANDBY"]) await leaveStandby();
  // Idle connections and workers would keep the process alive; writes to pipes and files are done by then.
  process.exit(status);
});

async function leaveStandby(): Promise<void> {
  try {
    (await import("./standby/leave-standby.ts")).leaveAtExit(process.env);
  } catch (error) {
    process.stderr.write(`WARNING: ${(error as Error).message}\n`);
  }
}
