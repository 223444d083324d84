target "default" {
  description = "All keys"
  context = "./dir/"
  contexts = { alpine = "docker-image://alpine:3", empty = "", src = "../src" }
  dockerfile = "docker/Dockerfile"
  args = { B = "2", A = 1, NONE = null, T = true }
  labels = { "com.example.<x>" = "a&b", other = "$${literal}" }
  annotations = ["index:a=b", "x=y", "x=y"]
  attest = ["type=provenance,mode=max", { type = "sbom" }, "type=sbom,generator=x"]
  tags = ["a:1", "a:1", "", "b:2"]
  cache-from = ["user/app:cache", "type=local,src=/c", { type = "s3", region = "eu" }]
  cache-to = ["type=inline"]
  target = "stage"
  secret = ["id=a,src=f", { id = "b", env = "B" }, "type=env,id=c,source=C"]
  platforms = ["linux/amd64", "linux/arm64", "linux/amd64"]
  output = ["type=docker", "out", "-", { type = "image", name = "x" }, "type=oci,dest=a.tar"]
  pull = true
  no-cache = false
  network = "host"
  no-cache-filter = ["a", "b"]
  shm-size = "64m"
  ulimits = ["nofile=1:2"]
  call = "check"
  entitlements = ["security.insecure"]
  extra-hosts = { h = "1.2.3.4" }
}
