//! Vectors of three numbers.

/// Along the patient's left, back and head, in millimetres.
pub type Vector = [f64; 3];

pub fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub fn cross(a: Vector, b: Vector) -> Vector {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

pub fn add(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub fn subtract(a: Vector, b: Vector) -> Vector {
    add(a, scale(b, -1.0))
}

pub fn scale(a: Vector, by: f64) -> Vector {
    a.map(|number| number * by)
}

pub fn length(a: Vector) -> f64 {
    dot(a, a).sqrt()
}

pub fn unit(a: Vector) -> Option<Vector> {
    let length = length(a);
    (length > 1e-9 && length.is_finite()).then(|| scale(a, 1.0 / length))
}
