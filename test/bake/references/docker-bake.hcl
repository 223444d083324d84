target "base" {
  context = "ctx"
  tags = ["one", "two"]
  args = { V = "1" }
}
target "default" {
  context = target.base.context
  tags = [for t in target.base.tags : "${t}-x"]
  args = { W = target.base.args.V }
}
