import * as v from "valibot";
import { SMALLEST_PART } from "../../s3/multipart.ts";
import { file, httpUrl, size, span, word } from "./values.ts";

const bucketName = v.pipe(v.string("it is no text"), v.check((text) => /^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/.test(text), "it is no name of a bucket"));
const objectPrefix = v.pipe(v.string("it is no text"), v.check((text) => /^(?:[\w.-]+\/)*[\w.-]*$/.test(text) && !/(?:^|\/)\.{1,2}(?:\/|$)/.test(text) && text.length <= 200, "it has letters, digits, dots, hyphens, underscores and slashes between them, at most 200"));

const s3 = v.pipe(
  v.strictObject({
    bucket: v.pipe(bucketName, v.description("The bucket; it has to be there")),
    prefix: v.pipe(v.optional(objectPrefix, ""), v.description("In front of the names of all objects: `registry/`. Of a bucket that others use too")),
    region: v.pipe(v.optional(word), v.description("The bucket's region; by default AWS_REGION of the environment, else us-east-1")),
    endpoint: v.pipe(v.optional(httpUrl), v.description("Address of a service that is not AWS: `https://minio.example.com:9000`")),
    pathStyle: v.pipe(v.optional(v.boolean("it is neither true nor false")), v.description("Whether the bucket is named in the path (`endpoint/bucket/…`) and not in the host (`bucket.endpoint/…`); by default only where the endpoint is an IP address or localhost")),
    accessKeyId: v.pipe(v.optional(word), v.description("Name of the access key; by default AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_SESSION_TOKEN) of the environment, else the user's `~/.aws/credentials`")),
    secretAccessKeyFile: v.pipe(v.optional(file), v.description("File with the secret of `accessKeyId`")),
    credentialsFile: v.pipe(v.optional(file), v.description("File of keys in the form of `~/.aws/credentials`, whose profile AWS_PROFILE names (`default`); read again when the service refuses the key, so that another program may renew it")),
    partSize: v.pipe(v.optional(v.pipe(size, v.minValue(SMALLEST_PART, "parts have 5 MiB at least"), v.maxValue(512 * 1024 * 1024, "parts have 512 MiB at most")), "8MiB"), v.description("Bytes of a part. A blob has 10,000 parts at most, and an upload holds up to three of them in memory")),
    memory: v.pipe(v.optional(size, "96MiB"), v.description("What all uploads together hold in memory; where it is not enough, smaller objects are written first, and joined later")),
    redirect: v.pipe(v.optional(v.boolean("it is neither true nor false"), false), v.description("Whether a client that may pull a blob is sent to the service for its bytes (307, with a signed address), instead of getting them through the server. Clients have to reach the service then")),
    redirectFor: v.pipe(v.optional(v.pipe(span, v.minValue(60_000, "it is less than a minute"), v.maxValue(604_800_000, "signatures are good for 7 days at most")), "20m"), v.description("How long such an address is good for")),
    redirectEndpoint: v.pipe(v.optional(httpUrl), v.description("Where clients reach the service, when it is not `endpoint`")),
  }),
  v.check(({ accessKeyId, secretAccessKeyFile }) => (accessKeyId === undefined) === (secretAccessKeyFile === undefined), "accessKeyId and secretAccessKeyFile need each other"),
  v.check(({ accessKeyId, credentialsFile }) => accessKeyId === undefined || credentialsFile === undefined, "accessKeyId and credentialsFile exclude each other"),
  v.description("Blobs in a bucket of an S3 service"),
);

/** Where the bytes of blobs are kept. */
export const storageSection = v.pipe(
  v.strictObject({ s3: v.optional(s3) }),
  v.description("Where the bytes of blobs are kept. Without it in the registry's folder"),
);

export type S3Config = v.InferOutput<typeof s3>;
