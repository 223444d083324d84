import type { Readable, Writable } from "node:stream";

/** What a worker may ask this side for while it builds. */
export interface SessionServices {
  /** Folders by the names that the frontend knows: `context`, `dockerfile`, and those of named contexts. */
  readonly folders: ReadonlyMap<string, string>;
  /** Where the results of the outputs go, by the output's place in the request; taken once each. */
  readonly results: ReadonlyMap<number, () => Promise<Writable>>;
  /** The content of a secret; undefined where there is none of that id. */
  readonly secret?: (id: string) => Promise<Uint8Array | undefined>;
  /** The socket of the agent that an id stands for. */
  readonly agent?: (id: string) => string | undefined;
  /** The login for a host, as an image is pulled or pushed. */
  readonly login: (host: string) => Promise<{ readonly username: string; readonly secret: string } | undefined>;
  /** What the worker fetches from `http://buildkit-session/<id>`, once each. */
  readonly uploads: ReadonlyMap<string, Readable>;
  /** Folders with the blobs of OCI layouts, by the names that named contexts give them. */
  readonly layouts: ReadonlyMap<string, string>;
  /** Those that the worker may write blobs into. */
  readonly written: ReadonlyMap<string, string>;
}
