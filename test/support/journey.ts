import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import type { BaseConfig } from "./busybox-base.ts";
import type { Finished, SampanOptions } from "./run-sampan.ts";
import { sampanWithBase } from "./sampan-base.ts";

export interface Journey {
  /** Folder of the test, which goes with it. */
  readonly folder: string;
  /** The store's folder. */
  readonly root: string;
  /** Runs the binary, whatever it answers. */
  readonly sampan: (words: readonly string[], options?: SampanOptions) => Promise<Finished>;
  /** Runs the binary, which has to succeed. @returns its standard output */
  readonly succeeds: (words: readonly string[], options?: SampanOptions) => Promise<string>;
  /** Writes files into a new folder of that name: a build context. @returns its path */
  readonly context: (name: string, files: Readonly<Record<string, string>>) => string;
  /** The base image as an OCI layout, the digest of its config, and the file of its only layer. */
  readonly layout: string;
  readonly base: string;
  readonly baseLayer: string;
}

/** The binary with a store of its own that holds a small image `base:1`. */
export async function startJourney(test: TestContext, config: BaseConfig = {}): Promise<Journey> {
  const { folder, root, sampan, layout, id: base, layer } = await sampanWithBase(test, { config });
  const succeeds: Journey["succeeds"] = async (words, options) => {
    const { status, stdout, stderr } = await sampan(words, options);
    assert.equal(status, 0, `sampan ${words.join(" ")}: ${stderr}`);
    return stdout;
  };
  const context: Journey["context"] = (name, files) => writeFiles(join(folder, name), files);
  return { folder, root, sampan, succeeds, context, layout, base, baseLayer: join(layout, "blobs", layer.replace(":", "/")) };
}

function writeFiles(folder: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(folder, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** Two stages, a user, links, an owner, a deleted file and a set-uid bit: what readers get wrong first. */
export const GREETER: Readonly<Record<string, string>> = {
  Dockerfile: `FROM base:1 AS builder
WORKDIR /src
COPY . .
RUN sh make.sh
FROM base:1
ENV GREETING=hello
LABEL role=greeter
COPY --from=builder --chown=1000:1001 /src/out /app
RUN rm /etc/group && rm -r /var/www && mkdir /var/www && echo new > /var/www/new \\
 && ln -s /app/greet /greet && ln /var/www/new /var/link && chmod 2755 /home/app && chown 1000:1001 /home/app
USER app
WORKDIR /home/app
EXPOSE 80/tcp
ENTRYPOINT ["/app/greet"]
CMD ["world"]
`,
  "make.sh": `mkdir out
printf '#!/bin/sh\\necho "$GREETING $1 from $(id -u):$(id -g) in $(pwd)"\\n' > out/greet
chmod 755 out/greet
`,
};

/** What a container of {@link GREETER} prints. */
export const GREETING = (who: string): string => `hello ${who} from 1000:1001 in /home/app\n`;
