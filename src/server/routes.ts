import type { Route } from "./match-route.ts";
import { ping } from "./routes/ping.ts";
import { giveToken } from "./routes/token.ts";
import { startDeviceLogin } from "./routes/device.ts";
import { DEVICE_PATH, TOKEN_PATH } from "./access/challenge.ts";
import { deleteBlob, sendBlob } from "./routes/blob.ts";
import { listCatalog } from "./routes/catalog.ts";
import { deleteManifest, putManifest, sendManifest } from "./routes/manifest.ts";
import { listReferrers } from "./routes/referrers.ts";
import { listTags } from "./routes/tags.ts";
import { appendUpload, cancelUpload, finishUpload, showUpload, startUpload } from "./routes/upload.ts";

/** Every endpoint of the registry (distribution-spec, "Endpoints", and distribution's `_catalog`). */
export const routes: readonly Route[] = [
  { path: "/v2/", methods: { GET: ping, HEAD: ping } },
  { path: "/v2", methods: { GET: ping, HEAD: ping } },
  { path: "/v2/_catalog", methods: { GET: listCatalog } },
  { path: "/v2/<name>/blobs/uploads/", methods: { POST: startUpload }, rights: { POST: "push" } },
  { path: "/v2/<name>/blobs/uploads", methods: { POST: startUpload }, rights: { POST: "push" } },
  {
    path: "/v2/<name>/blobs/uploads/<session>",
    methods: { GET: showUpload, PATCH: appendUpload, PUT: finishUpload, DELETE: cancelUpload },
    rights: { GET: "push", PATCH: "push", PUT: "push", DELETE: "push" },
  },
  { path: "/v2/<name>/blobs/<digest>", methods: { GET: sendBlob, HEAD: sendBlob, DELETE: deleteBlob }, rights: { GET: "pull", HEAD: "pull", DELETE: "delete" } },
  {
    path: "/v2/<name>/manifests/<reference>",
    methods: { GET: sendManifest, HEAD: sendManifest, PUT: putManifest, DELETE: deleteManifest },
    rights: { GET: "pull", HEAD: "pull", PUT: "push", DELETE: "delete" },
  },
  { path: "/v2/<name>/tags/list", methods: { GET: listTags }, rights: { GET: "pull" } },
  { path: "/v2/<name>/referrers/<digest>", methods: { GET: listReferrers }, rights: { GET: "pull" } },
  { path: DEVICE_PATH, methods: { POST: startDeviceLogin }, open: true },
  { path: TOKEN_PATH, methods: { GET: giveToken, POST: giveToken }, open: true },
];
