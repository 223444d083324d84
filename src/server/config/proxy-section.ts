import * as v from "valibot";
import { parseUpstream } from "../terms/upstream.ts";
import { file, oneOrMore, repositories, span, word } from "./values.ts";

const prefix = v.pipe(
  v.string("it is no text"),
  v.check((text) => text === "" || /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*\/$/.test(text), "it is no beginning of repository names: write docker.io/ with the slash"),
);

const rule = v.pipe(
  v.strictObject({
    prefix: v.pipe(v.optional(prefix, ""), v.description("What names here begin with, and names there do not: `docker.io/`. Without it names are the same, and a registry that is nothing but a mirror needs no more")),
    repositories: v.pipe(v.optional(oneOrMore(repositories)), v.description("Only these repositories, by their names here; all that begin with the prefix by default. The first rule that covers a name counts")),
    upstream: v.pipe(v.string("it is no text"), v.check((text) => parseUpstream(text) !== undefined, "it is no registry: write docker.io, registry.example.com:5000 or https://registry.example.com, without user and query"), v.description("The registry that is asked: a host, or an address where it speaks plain HTTP or keeps its repositories below a path")),
    username: v.pipe(v.optional(word), v.description("Who this registry is there; nobody by default. Clients never see it")),
    password: v.pipe(v.optional(v.pipe(v.string("it is no text"), v.nonEmpty("it is empty"))), v.description("Password or access token")),
    passwordFile: v.pipe(v.optional(file), v.description("A file with the password, in place of `password`")),
    ca: v.pipe(v.optional(file), v.description("Certificate authorities in PEM that are trusted beside the system's")),
    ttl: v.pipe(v.optional(span, "10m"), v.description("How long a tag is served without asking again; digests never change")),
    stale: v.pipe(v.optional(span, 0), v.description("For so long after that the old image is still served at once, while the new one is asked for behind it")),
    patience: v.pipe(v.optional(span, "10s"), v.description("How long a client waits for an answer about a tag that is here, before it gets what is here")),
    negative: v.pipe(v.optional(span, "30s"), v.description("How long it is remembered that something is not there")),
    keep: v.pipe(v.optional(span, "30d"), v.description("Tags that nobody pulled for so long are dropped here, and images that no tag leads to; 0 for never")),
  }),
  v.check(({ username, password, passwordFile }) => (username === undefined ? password === undefined && passwordFile === undefined : (password === undefined) !== (passwordFile === undefined)), "username needs either password or passwordFile, and they need username"),
);

/** Repositories that are copies of those of another registry. */
export const proxySection = v.pipe(v.array(rule), v.description("Repositories whose content is fetched from another registry when it is asked for, and kept"));

export type ProxyRule = v.InferOutput<typeof rule>;
