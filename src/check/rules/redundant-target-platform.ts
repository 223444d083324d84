import { expandInFrom } from "../expanded-words.ts";
import { ruleUrl, type CheckRule } from "../rule.ts";

export const redundantTargetPlatform: CheckRule = {
  name: "RedundantTargetPlatform",
  description: "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
  url: ruleUrl("RedundantTargetPlatform"),
  file: {
    phase: "from",
    find: ({ dockerfile, globals }) => dockerfile.stages.flatMap(({ platform, location, comments }) => {
      if (platform === undefined) return [];
      const { value, used, unmatched } = expandInFrom(platform, { globals, dockerfile, location });
      if (used.size !== 1 || unmatched.size > 0 || !used.has("TARGETPLATFORM") || value !== globals.get("TARGETPLATFORM")) return [];
      return [{ message: `Setting platform to predefined ${platform} in FROM is redundant as this is the default behavior`, location, comments }];
    }),
  },
};
