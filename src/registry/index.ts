/**
 * `sampan/registry`: the client for registries.
 *
 *     import { createRegistryClient, dockerCredentials, parseReference } from "sampan/registry";
 *
 *     await using client = createRegistryClient({ credentials: dockerCredentials() });
 *     const tags = await client.tagList(parseReference("registry.example.com/team/app"));
 */
export { parseReference, formatReference, type Reference } from "../oci/reference.ts";
export { parsePlatform, type Platform } from "../oci/platform.ts";
export type { Descriptor } from "../oci/manifest.ts";
export type { Digest } from "../oci/digest.ts";
export { createRegistryClient, type RegistryClient, type RegistryClientOptions } from "./client.ts";
export { anonymous, type Credential, type CredentialSource } from "./credentials/credentials.ts";
export { dockerCredentials } from "./credentials/find-login.ts";
export { givenLogins, type Login } from "./credentials/given-logins.ts";
export { examineAccess, type AccessProbe, type AccessReport, type ExamineOptions } from "./auth/examine-access.ts";
export { checkLogin } from "./credentials/check-login.ts";
export { listLogins, type ListedLogin } from "./credentials/list-logins.ts";
export { removeLogin, saveLogin, type Kept, type KeepOptions } from "./credentials/keep-login.ts";
export type { ManifestInfo, RemoteManifest } from "./requests/manifest-requests.ts";
export { machineRoutes, type MachineRoutes } from "./routes/machine-routes.ts";
export { parseMirrors } from "./routes/mirrors.ts";
export { pullImage, type BlobTarget, type PulledImage, type PullOptions } from "./transfer/pull-image.ts";
export { pushImage, type BlobSource, type PushableImage, type PushedImage, type PushOptions } from "./transfer/push-image.ts";
export type { UploadBlob } from "./requests/upload-requests.ts";
export type { UploadJournal } from "./requests/upload-journal.ts";
export { Fault, isFault, type FaultCode } from "../std/fault.ts";
