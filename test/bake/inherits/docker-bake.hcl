target "_common" {
  args = { A = "1", B = "2" }
  tags = ["common"]
  platforms = ["linux/amd64"]
  no-cache-filter = ["x"]
  cache-from = ["type=inline,a=b"]
  labels = { l = "common" }
}
target "_debug" {
 args = { DEBUG = "1", B = "3" }
 target = "debug"
}
target "default" {
  inherits = ["_common", "_debug"]
  args = { A = "own" }
  no-cache-filter = ["y"]
  cache-from = ["type=inline,a=b", "user/x"]
  labels = { m = "own" }
}
