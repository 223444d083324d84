import type { Result } from "../api/gateway_pb.ts";

/** What another target is for a frontend: definitions that the worker made, and what it is told of them. */
export interface LinkedInput {
  readonly attrs: Readonly<Record<string, string>>;
  readonly inputs: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
}

const CONFIG = "containerimage.config";

/** A target's result under a name that FROM and --from of another one may use; of one for several platforms each by its platform. */
export function linkedInput(name: string, target: string, { result, metadata }: Result): LinkedInput {
  const attrs: Record<string, string> = {};
  const inputs: Record<string, Uint8Array<ArrayBuffer>> = {};
  const add = (suffix: string, definition: Uint8Array, config: Uint8Array | undefined): void => {
    const key = `target:${target}${suffix}`;
    inputs[key] = new Uint8Array(definition);
    attrs[`context:${name}${suffix}`] = `input:${key}`;
    attrs[`input-metadata:${key}`] = JSON.stringify(config === undefined ? {} : { [CONFIG]: Buffer.from(config).toString("base64") });
  };
  if (result.case === "ref") add("", result.value.def, metadata[CONFIG]);
  if (result.case === "refs") for (const [platform, { def }] of Object.entries(result.value.refs)) add(`::${platform}`, def, metadata[`${CONFIG}/${platform}`]);
  return { attrs, inputs };
}
