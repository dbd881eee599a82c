"""How is the package asked from a terminal?

    python -m keras_vis grad_cam model.keras photo.jpg --target 281 --out out.png

Who does what: `commands` finds the methods that can be asked, by their signatures; `docs`, `options` and `help` make
options and help of them; `images` reads picture files, `models` a saved model, `targets` names and classes; `pixels`
and `scaling` make of pictures what the model takes, `families` and `scaled` find out what that is; `explain` does it
all in order; `main` reads the command line and says what is wrong; `start` keeps TensorFlow's first words to itself.
"""
