variable "TAG" {
  default = "own"
}
target "default" {
  tags = ["app:${TAG}"]
  args = { TAG = TAG }
}
