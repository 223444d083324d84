group "default" { targets = ["g", "a"] }
group "g" { targets = ["default", "b"] }
target "a" {}
target "b" {}
