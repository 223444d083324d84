variable "TAG" { default = "latest" }
variable "N" { default = 3 }
variable "B" { default = false }
variable "EMPTY" {}
variable "NUL" { default = null }
other = "o-${TAG}"
target "default" {
  tags = ["x:${TAG}", "${other}", EMPTY, N > 2 ? "big" : "small", B ? "yes" : "no", NUL == null ? "null" : "set"]
  args = { N = N, B = B, S = "${N + 1}", P = BAKE_LOCAL_PLATFORM, C = BAKE_CMD_CONTEXT }
}
