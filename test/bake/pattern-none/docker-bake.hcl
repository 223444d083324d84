target "app-one" {}
