import { Code, ConnectError } from "@connectrpc/connect";
import { fault, isFault, type SourceLocation } from "../std/fault.ts";

/**
 * What a worker's refusal is called here: a build that failed there, with the lines of the Dockerfile that are to
 * blame, or a worker that is not to be reached.
 * @param options.target the one of several that failed; `options.begun` whether the worker has told of a step
 */
export function workerFault(error: unknown, { builder, said, target, begun }: { builder: string; said: string; target?: string | undefined; begun: boolean }): unknown {
  if (!(error instanceof ConnectError)) return error;
  if (isFault(error.cause)) return error.cause;
  // What nobody here cancelled was cancelled by the end of the connection.
  const isCut = error.code === Code.Canceled;
  if (isCut || error.code === Code.Unavailable || error.code === Code.Aborted || isConnectionTrouble(error)) {
    return fault("BUILDER_UNREACHABLE", { builder, problem: said === "" ? (isCut ? "the connection ended" : messageOf(error)) : said.split("\n").at(-1)!, begun });
  }
  if (error.code === Code.Unimplemented) return fault("BUILDER_INVALID", { builder, problem: `what listens there is no BuildKit worker: ${messageOf(error)}` });
  const location = sourceOf(error);
  return fault("BUILDER_FAILED", { problem: `${target === undefined ? "" : `target ${target}: `}${messageOf(error)}` }, location ? { location } : {});
}

/** The connection broke, as Node tells it. */
function isConnectionTrouble({ cause }: ConnectError): boolean {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? "";
  return /^ERR_(?:HTTP2|SSL|TLS)_/.test(code) || ["ECONNRESET", "ECONNREFUSED", "EPIPE", "ENOENT", "ETIMEDOUT"].includes(code);
}

function messageOf(error: ConnectError): string {
  return error.rawMessage.replace(/^(?:failed to solve: |rpc error: code = \w+ desc = )+/, "");
}

interface SourceDetail {
  readonly info?: { readonly filename?: string; readonly data?: string };
  readonly ranges?: readonly { readonly start?: { readonly line?: number }; readonly end?: { readonly line?: number } }[];
}

/** The worker sends the Dockerfile along, as JSON, with the lines that the failed step stands on. */
function sourceOf({ details }: ConnectError): SourceLocation | undefined {
  for (const detail of details) {
    if (!("type" in detail) || typeof detail.type !== "string" || !detail.type.endsWith("errdefs.Source+json")) continue;
    const { info, ranges = [] } = JSON.parse(Buffer.from((detail as { value: Uint8Array }).value).toString()) as SourceDetail;
    const lines = ranges.flatMap(({ start, end }) => [start?.line ?? 0, end?.line ?? start?.line ?? 0]).filter((line) => line > 0);
    if (lines.length === 0 || info?.data === undefined) continue;
    return { file: info.filename ?? "Dockerfile", text: Buffer.from(info.data, "base64").toString(), startLine: Math.min(...lines), endLine: Math.max(...lines) };
  }
  return undefined;
}
