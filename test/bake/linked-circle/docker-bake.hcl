target "a" { contexts = { m = "target:default" } }
target "default" { contexts = { m = "target:a" } }
