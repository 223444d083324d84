import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { fault } from "../../std/fault.ts";

export const standbyCommand = command({
  name: "standby",
  summary: "Load the program and wait for the next command",
  description:
    "Loads the program and waits for the next command of this session, which then begins at once instead of after a tenth of a second. " +
    "It does that one command and ends. With SAMPAN_STANDBY set to how long such a process may wait (10m, for example), each command leaves one behind. docs/guides/standby.md tells the rest.",
  usage: "[OPTIONS]",
  flags: flagTable({}),
  positionals: { min: 0, max: 0 },
  async run({ io, signal }) {
    const [{ standBy }, { idleTime }, { standbyObstacle }] = await Promise.all([import("../standby/stand-by.ts"), import("../standby/idle-time.ts"), import("../standby/leave-standby.ts")]);
    const problem = standbyObstacle();
    if (problem !== undefined) throw fault("STANDBY_REFUSED", { problem });
    const words = await standBy({ idle: idleTime(io.env), signal });
    if (words === undefined) return 0;
    const [{ dispatch }, { processIo }] = await Promise.all([import("../dispatch.ts"), import("../io.ts")]);
    return await dispatch(words, processIo(), signal);
  },
});
