group "g" { targets = ["b", "a"] }
target "a" {}
target "b" {}
target "c" {}
