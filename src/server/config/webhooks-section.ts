import * as v from "valibot";
import { httpUrl, oneOrMore, repositories, word } from "./values.ts";

/** Who is told of changes. */
export const webhooksSection = v.pipe(
  v.array(v.strictObject({
    url: v.pipe(httpUrl, v.description("Where events are sent, each as a POST. Redirects are not followed")),
    secret: v.pipe(v.optional(word), v.description("Signs the body: `X-Sampan-Signature-256: sha256=HEX` (HMAC-SHA256)")),
    events: v.pipe(
      v.optional(oneOrMore(v.pipe(word, v.regex(/^[a-z]+(?:\.[a-z]+)?$/, "write push, delete, or an action such as tag.move"))), ["push", "delete"]),
      v.description("`push` (manifest.push, tag.create, tag.move), `delete` (manifest.delete, tag.delete), or actions as `registry audit` shows them: `tag.move`, or `tag` for all of tags"),
    ),
    repositories: v.pipe(v.optional(oneOrMore(repositories), ["**"]), v.description("Repositories whose events are sent")),
    format: v.pipe(v.optional(v.picklist(["cloudevents"], "it is not cloudevents"), "cloudevents"), v.description("Form of the body: CloudEvents 1.0 in JSON")),
  })),
  v.description("Who is told of changes. An event is sent until it was taken, at least once, in order; also after a restart"),
);
