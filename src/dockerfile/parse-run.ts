import { fault } from "../std/fault.ts";
import { csvFields } from "./csv-fields.ts";
import { listFlag, parseFlags } from "./flags.ts";
import { goQuote } from "./go-quote.ts";
import { asHeredoc, stripTabs } from "./heredoc.ts";
import type { InstructionText, RunInstruction } from "./instruction.ts";
import type { InstructionNode } from "./read-nodes.ts";
import { checkMount } from "./run-mount.ts";
import { suggest } from "./suggest.ts";

const FLAGS = { mount: "list", network: "text", security: "text", device: "list" } as const;
const TRUTHS = ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"];

/**
 * RUN with its flags. Of --mount only the form is looked at: its variables have no values yet.
 * @throws DOCKERFILE_FLAG
 */
export function parseRun(node: InstructionNode): Omit<RunInstruction, keyof InstructionText> {
  const flags = parseFlags(node.flags, FLAGS);
  const mounts = listFlag(flags, "mount");
  const devices = listFlag(flags, "device");
  const network = flags.get("network")?.[0];
  const security = flags.get("security")?.[0];
  devices.forEach(checkDevice);
  mounts.forEach(checkMount);
  if (network !== undefined && !["default", "none", "host"].includes(network)) throw refuse(`invalid network mode ${goQuote(network)}`);
  if (security !== undefined && !["insecure", "sandbox"].includes(security)) throw refuse(`security ${goQuote(security)} is not valid`);
  const first = node.heredocs[0];
  const isScript = first !== undefined && !node.json && asHeredoc(node.args[0] ?? "") !== undefined;
  return {
    kind: "run",
    form: node.json ? "exec" : "shell",
    args: node.args,
    heredocs: node.heredocs,
    script: isScript ? stripTabs(first) : undefined,
    mounts, network, security, devices,
  };
}

/** `vendor/class=name[,required]` or `name=…,required=…`. */
function checkDevice(device: string): void {
  let name = "";
  for (const field of csvFields(device, "devices")) {
    const [key, value] = keyAndValue(field);
    if (key === "required") {
      if (value !== undefined && !TRUTHS.includes(value)) throw refuse(`invalid value for required: ${value}`);
    } else if (key === "name" && value !== undefined) {
      if (name !== "") throw refuse(`device name already set to ${name}`);
      name = value;
    } else if (name === "") {
      name = field;
    } else if (value === undefined) {
      throw refuse(`invalid field '${field}' must be a key=value pair`);
    } else {
      throw refuse(`unexpected key '${key}' in '${field}'`, suggest(key, ["name", "required"]));
    }
  }
}

function keyAndValue(field: string): [string, string?] {
  const equals = field.indexOf("=");
  return equals < 0 ? [field.toLowerCase()] : [field.slice(0, equals).toLowerCase(), field.slice(equals + 1)];
}

function refuse(problem: string, near?: string): Error {
  return fault("DOCKERFILE_FLAG", { problem, near });
}
