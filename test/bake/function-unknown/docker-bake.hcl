target "default" { tags = [nofunc("x")] }
