/** What the proxy does to one request; bytes are counted in the body of the request or of the answer. */
export type LineFault =
  /** Nothing comes for a while. */
  | { readonly kind: "latency"; readonly milliseconds: number }
  /** Another answer than the registry's, which is asked all the same when `late`: its answer is lost. */
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: string; readonly late: boolean }
  /** The connection is reset after so many bytes. */
  | { readonly kind: "reset"; readonly side: "request" | "answer"; readonly at: number }
  /** The answer ends early: by the end of its connection, or cleanly where its length was not said. */
  | { readonly kind: "truncate"; readonly at: number; readonly clean: boolean }
  /** One byte is another one. */
  | { readonly kind: "corrupt"; readonly side: "request" | "answer"; readonly at: number }
  /** Content-Length says more or less than comes. */
  | { readonly kind: "length"; readonly by: number }
  /** Nothing more comes after so many bytes of the answer; -1: no answer at all. */
  | { readonly kind: "stall"; readonly at: number }
  /** The tokens given so far have ended. */
  | { readonly kind: "expire" }
  /** The answer to a GET or HEAD, or the upload that a POST opened, is on another host; a `loop` leads nowhere. */
  | { readonly kind: "redirect"; readonly to: "elsewhere" | "loop" }
  /** The registry no longer knows the upload. */
  | { readonly kind: "forget" };

export interface ProxiedRequest {
  readonly method: string;
  /** Without the query; the ids of uploads are `*`. */
  readonly path: string;
  readonly what: "ping" | "token" | "manifest" | "blob" | "upload";
  /** How often this method and path came before, this time included. */
  readonly count: number;
}

/** Decides what happens to each request; undefined: nothing. */
export type FaultPlan = (request: ProxiedRequest) => LineFault | undefined;
