import { dispatch } from "./dispatch.ts";
import { processIo } from "./io.ts";
import { onClosedPipe } from "./closed-pipe.ts";
import { listenForSignals } from "./signals.ts";

onClosedPipe();
const status = await dispatch(process.argv.slice(2), processIo(), listenForSignals());
// Idle connections and workers would keep the process alive; writes to pipes and files are done by now.
process.exit(status);
