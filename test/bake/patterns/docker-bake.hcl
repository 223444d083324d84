target "app-one" {}
target "app-two" {}
target "other" {}
