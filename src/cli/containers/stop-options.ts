import { parseSignal } from "../flags/parse-signal.ts";
import { seconds } from "../run/container-spec.ts";
import type { FlagValues } from "../flags/flag.ts";
import type { stopFlags } from "../commands/stop.ts";

/** What the flags of `stop` and `restart` say. @throws USAGE */
export function stopOptions(flags: FlagValues<typeof stopFlags>): { seconds?: number; stopSignal?: number } {
  const text = flags.time ?? flags.timeout;
  return {
    ...(text === undefined ? {} : { seconds: seconds(text, "-t, --time") }),
    ...(flags.signal === undefined ? {} : { stopSignal: parseSignal(flags.signal, "-s, --signal") }),
  };
}
