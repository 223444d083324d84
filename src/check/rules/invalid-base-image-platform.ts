import { goQuote } from "../../dockerfile/go-quote.ts";
import { formatPlatform } from "../../oci/platform.ts";
import type { CheckRule } from "../rule.ts";

export const invalidBaseImagePlatform: CheckRule = {
  name: "InvalidBaseImagePlatform",
  description: "Base image platform does not match expected target platform",
  base: ({ name, location, expected, actual }) =>
    expected.os === actual.os && expected.architecture === actual.architecture ? [] : [{
      message: `Base image ${name} was pulled with platform ${goQuote(formatPlatform(actual))}, expected ${goQuote(formatPlatform(expected))} for current build`, location,
    }],
};
