import { goQuote } from "../../dockerfile/go-quote.ts";
import { hostPlatform, parsePlatform, type Platform } from "../../oci/platform.ts";
import { isFault } from "../../std/fault.ts";
import { expandInFrom } from "../expanded-words.ts";
import { ruleUrl, type CheckRule } from "../rule.ts";

/** A stage whose name tells its platform is meant to be of that one only. */
export const fromPlatformFlagConstDisallowed: CheckRule = {
  name: "FromPlatformFlagConstDisallowed",
  description: "FROM --platform flag should not use a constant value",
  url: ruleUrl("FromPlatformFlagConstDisallowed"),
  file: {
    phase: "from",
    find: ({ dockerfile, globals }) => dockerfile.stages.flatMap(({ platform: written, name = "", location, comments }) => {
      if (written === undefined) return [];
      const { value, used, unmatched } = expandInFrom(written, { globals, dockerfile, location });
      if (used.size > 0 || unmatched.size > 0) return [];
      const platform = parsed(value);
      if (platform === undefined || name.includes(platform.os) || name.includes(platform.architecture)) return [];
      return [{ message: `FROM --platform flag should not use constant value ${goQuote(value)}`, location, comments }];
    }),
  },
};

function parsed(value: string): Platform | undefined {
  try {
    return parsePlatform(value, hostPlatform("x64"));
  } catch (error) {
    if (isFault(error)) return undefined;
    throw error;
  }
}
