import { readFileSync } from "node:fs";
import type { RetryPolicy } from "../../../registry/transport/retry.ts";
import { S3Session } from "../../../s3/s3-session.ts";
import { AsyncCleanupStack } from "../../../std/cleanup-stack.ts";
import { fault } from "../../../std/fault.ts";
import { Semaphore } from "../../../std/semaphore.ts";
import type { S3Config } from "../../config/storage-section.ts";
import { fileBeside } from "../../config/values.ts";
import type { BlobStorage } from "../blob-storage.ts";
import type { ObjectRecords } from "../object-records.ts";
import { shareRuns } from "../share-runs.ts";
import { createMemoryBudget } from "./memory-budget.ts";
import { checkBucket, claimPrefix, isClaimed, removeObject } from "./object-store.ts";
import { RunningHashes } from "./running-hashes.ts";
import { createS3Blobs } from "./s3-blobs.ts";
import { createS3Uploads } from "./s3-uploads.ts";

/** Connections to the service at once. */
const CONNECTIONS = 64;
/** Objects that are removed at once, and looked up at once for that. */
const REMOVALS = 8;
const CONDEMNED = 100;

export interface S3BlobsOptions {
  /** The configuration file, whose folder paths count from. */
  readonly configFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly records: ObjectRecords;
  readonly uploadExpiry: number;
  readonly uploads: number;
  /** When a request to the service is made again. */
  readonly retry?: RetryPolicy;
  /** Leaves the claim to the caller: the place is only looked at. */
  readonly unclaimed?: boolean;
  readonly report: (problem: Error) => void;
}

export interface S3BlobStorage extends BlobStorage, AsyncDisposable {
  /** Makes the place that of these records. @returns how to give it up again, which does nothing where it was theirs before */
  claim(): Promise<() => Promise<void>>;
}

/** `s3://bucket/prefix`, as messages call it. */
export function nameOfBucket({ bucket, prefix }: S3Config): string {
  return `s3://${bucket}${prefix === "" ? "" : `/${prefix}`}`;
}

/**
 * Blobs in a bucket. Any number of servers may share it, when they share the records.
 * @throws S3_BUCKET_UNUSABLE, S3_UNREACHABLE, S3_REFUSED, S3_LOGIN_MISSING, SERVER_CONFIG_UNREADABLE
 */
export async function openS3Blobs(config: S3Config, options: S3BlobsOptions): Promise<S3BlobStorage> {
  const { records, report } = options;
  await using opened = new AsyncCleanupStack();
  const session = opened.use(openSession(config, options));
  await checkBucket(session);
  const registry = await records.registryId();
  const claim = async (): Promise<() => Promise<void>> => {
    const first = await claimPrefix(session, ownerKey(config), registry);
    return async () => {
      if (first) await removeObject(session, { name: ownerKey(config), multipart: undefined });
    };
  };
  await (options.unclaimed ? isClaimed(session, ownerKey(config), registry) : claim());
  const prefix = `${config.prefix}objects/`;
  const reap = shareRuns(() => removeCondemned(session, records));
  const reaping = new Set<Promise<void>>();
  opened.defer(async () => void (await Promise.all(reaping)));
  const reapLater = (): void => {
    const run = reap().catch(report).finally(() => reaping.delete(run));
    reaping.add(run);
  };
  const redirect = config.redirect
    ? { seconds: Math.floor(config.redirectFor / 1000), ...(config.redirectEndpoint === undefined ? {} : { endpointUrl: config.redirectEndpoint }) }
    : undefined;
  const blobs = createS3Blobs({ session, records, prefix, reap, redirect });
  const uploads = opened.use(createS3Uploads({
    session, records, prefix, report, hashes: new RunningHashes(), budget: createMemoryBudget(config.memory), partSize: config.partSize,
    expiry: options.uploadExpiry, limit: options.uploads, reap: reapLater, placed: blobs.forget,
  }));
  const lifetime = opened.move();
  return { ...blobs, uploads, claim, checkReachable: () => checkBucket(session), [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose]() };
}

/**
 * Whether blobs of that registry may be there, before its records are told so.
 * @throws what {@link openS3Blobs} throws
 */
export async function checkS3Place(config: S3Config, registry: string, options: Pick<S3BlobsOptions, "configFile" | "environment" | "retry">): Promise<void> {
  await using session = openSession(config, options);
  await checkBucket(session);
  await isClaimed(session, ownerKey(config), registry);
}

/** The object that says whose bytes are below the prefix. */
function ownerKey({ prefix }: S3Config): string {
  return `${prefix}registry.json`;
}

function openSession(config: S3Config, { configFile, environment, retry }: Pick<S3BlobsOptions, "configFile" | "environment" | "retry">): S3Session {
  const { bucket, endpoint, pathStyle, accessKeyId, secretAccessKeyFile, credentialsFile } = config;
  const region = config.region ?? environment["AWS_REGION"] ?? "us-east-1";
  return new S3Session(
    {
      bucket, region,
      ...(endpoint === undefined ? {} : { endpointUrl: endpoint }),
      ...(pathStyle === undefined ? {} : { usePathStyle: pathStyle }),
      ...(accessKeyId === undefined ? {} : { accessKeyId, secretAccessKey: readSecret(fileBeside(configFile, secretAccessKeyFile!)) }),
      ...(credentialsFile === undefined ? {} : { credentialsFile: fileBeside(configFile, credentialsFile) }),
    },
    { name: nameOfBucket(config), environment, connections: CONNECTIONS, ...(retry ? { retry } : {}) },
  );
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw fault("SERVER_CONFIG_UNREADABLE", { file, problem: (cause as Error).message }, { cause });
  }
}

/** Removes what is condemned; whoever else removes the same does no harm. */
async function removeCondemned(session: S3Session, records: ObjectRecords): Promise<void> {
  for (;;) {
    const condemned = await records.condemnedObjects(CONDEMNED);
    const lanes = new Semaphore(REMOVALS);
    const outcomes = await Promise.allSettled(condemned.map((object) => lanes.run(() => removeObject(session, object))));
    await records.forgetCondemned(condemned.filter((_, index) => outcomes[index]!.status === "fulfilled").map(({ name }) => name));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) throw failed.reason;
    if (condemned.length < CONDEMNED) return;
  }
}
