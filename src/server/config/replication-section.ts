import * as v from "valibot";
import { isRange } from "../../carry/tags/tag-version.ts";
import { parseUpstream } from "../terms/upstream.ts";
import { file, oneOrMore, positive, repositories, span, word } from "./values.ts";

const registry = v.pipe(v.string("it is no text"), v.check((text) => parseUpstream(text) !== undefined, "it is no registry: write registry.example.com:5000 or https://registry.example.com/below, without user and query"));

const rule = v.pipe(
  v.strictObject({
    to: v.pipe(v.optional(registry), v.description("The registry that tags are copied to, as soon as they are pushed here: a host, or an address where it speaks plain HTTP or keeps the repositories below a path")),
    from: v.pipe(v.optional(registry), v.description("In place of `to`: the registry that tags are copied from, every `interval`")),
    name: v.pipe(v.optional(word), v.description("What status and metrics call the rule; by default direction, host and repositories")),
    repositories: v.pipe(oneOrMore(repositories), v.description("Which repositories, by their names here. With `from`, wildcards need a registry that lists its repositories (`_catalog`)")),
    tags: v.pipe(v.optional(oneOrMore(word)), v.description("Tags by name: `[latest, 'v*']`; all by default, unless `semver` says which")),
    exclude: v.pipe(v.optional(oneOrMore(word)), v.description("Tags that are not copied")),
    semver: v.pipe(v.optional(v.pipe(word, v.check(isRange, "it is no range of versions: write '^1.27' or '>=3.18 <4'"))), v.description("Tags that are versions of this range: `>=1.2 <2`")),
    latest: v.pipe(v.optional(positive), v.description("Of the versions among them only that many, the newest")),
    referrers: v.pipe(v.optional(v.boolean("it is neither true nor false"), true), v.description("Whether signatures, SBOMs and attestations go along")),
    delete: v.pipe(v.optional(v.boolean("it is neither true nor false"), false), v.description("Whether a tag is deleted on the other side too: one of these repositories and tags that the side that is copied from shows a repository without. Here it goes to the trash (`retention.trash`)")),
    interval: v.pipe(v.optional(span, "1h"), v.description("How often everything is compared; with `to`, 0 for only when the server starts")),
    username: v.pipe(v.optional(word), v.description("Who this registry is there; nobody by default")),
    password: v.pipe(v.optional(v.pipe(v.string("it is no text"), v.nonEmpty("it is empty"))), v.description("Password or access token")),
    passwordFile: v.pipe(v.optional(file), v.description("A file with the password, in place of `password`")),
    ca: v.pipe(v.optional(file), v.description("Certificate authorities in PEM that are trusted beside the system's")),
  }),
  v.check(({ to, from }) => (to === undefined) !== (from === undefined), "it needs either to or from"),
  v.check(({ from, interval }) => from === undefined || interval > 0, "from needs an interval above 0"),
  v.check(({ username, password, passwordFile }) => (username === undefined ? password === undefined && passwordFile === undefined : (password === undefined) !== (passwordFile === undefined)), "username needs either password or passwordFile, and they need username"),
);

/** Tags that are kept the same here and in another registry. */
export const replicationSection = v.pipe(v.array(rule), v.description("Tags that are copied to another registry, or from one. Nothing is deleted there or here, but by a rule with `delete`"));

export type ReplicationRule = v.InferOutput<typeof rule>;

/** What people call the rule. */
export function nameOfRule({ name, to, from, repositories: named }: Pick<ReplicationRule, "name" | "to" | "from" | "repositories">): string {
  return name ?? `${to === undefined ? "from" : "to"} ${parseUpstream((to ?? from)!)!.host}: ${named.join(", ")}`;
}

export interface DoubledRule {
  readonly index: number;
  readonly like: number;
  readonly same: "name" | "copies";
}

/** Rules that others could not be told from, by their places in the list: of the same name, or that copy the same to the same place. */
export function doubledRules(rules: readonly ReplicationRule[]): readonly DoubledRule[] {
  const copies = ({ to, from, repositories: named, tags, exclude, semver, latest }: ReplicationRule): string => JSON.stringify([to, from, named, tags, exclude, semver, latest]);
  return rules.flatMap((rule, index): DoubledRule[] => {
    const copied = rules.findIndex((each) => copies(each) === copies(rule));
    if (copied < index) return [{ index, like: copied, same: "copies" }];
    const named = rules.findIndex((each) => nameOfRule(each) === nameOfRule(rule));
    return named < index ? [{ index, like: named, same: "name" }] : [];
  });
}
