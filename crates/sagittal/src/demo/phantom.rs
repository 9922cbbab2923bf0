//! Bodies made of ellipsoids, for CT and for projection radiography.

/// An ellipsoid: center and half axes in mm (x to the patient's left, y to the back, z to the
/// head), and its CT number.
#[derive(Clone, Copy, Debug)]
pub struct Ellipsoid {
    center: [f32; 3],
    axes: [f32; 3],
    hounsfield: f32,
}

const fn ellipsoid(center: [f32; 3], axes: [f32; 3], hounsfield: f32) -> Ellipsoid {
    Ellipsoid {
        center,
        axes,
        hounsfield,
    }
}

/// CT number of air.
pub const AIR: f32 = -1000.0;

/// Center of the nodule in the right upper lobe, and its diameter in mm.
pub const NODULE: ([f32; 3], f32) = ([-72.0, -18.0, 12.0], 14.0);

/// A chest. Later ones lie in earlier ones and win.
pub const CHEST: &[Ellipsoid] = &[
    ellipsoid([0.0, 0.0, 0.0], [178.0, 122.0, 400.0], -95.0),
    ellipsoid([0.0, 0.0, 0.0], [166.0, 110.0, 400.0], 55.0),
    // lungs, the left one smaller
    ellipsoid([-78.0, 0.0, 0.0], [66.0, 92.0, 150.0], -860.0),
    ellipsoid([80.0, 4.0, 0.0], [62.0, 90.0, 145.0], -865.0),
    // mediastinum, heart, its left ventricle
    ellipsoid([2.0, 5.0, 20.0], [34.0, 80.0, 170.0], 40.0),
    ellipsoid([28.0, -22.0, -55.0], [58.0, 50.0, 62.0], 60.0),
    ellipsoid([42.0, -16.0, -60.0], [28.0, 26.0, 36.0], 210.0),
    // ascending and descending aorta, trachea, esophagus
    ellipsoid([-6.0, -20.0, 40.0], [16.0, 16.0, 90.0], 280.0),
    ellipsoid([20.0, 44.0, -40.0], [12.5, 12.5, 220.0], 270.0),
    ellipsoid([-2.0, 10.0, 110.0], [9.0, 8.0, 70.0], -980.0),
    ellipsoid([8.0, 32.0, 0.0], [7.0, 5.0, 300.0], 30.0),
    // liver and spleen under the diaphragm
    ellipsoid([-70.0, -10.0, -150.0], [84.0, 86.0, 70.0], 105.0),
    ellipsoid([92.0, 40.0, -150.0], [38.0, 46.0, 50.0], 120.0),
    // vertebra: body, canal, spinous process; sternum
    ellipsoid([0.0, 72.0, 0.0], [21.0, 17.0, 400.0], 420.0),
    ellipsoid([0.0, 72.0, 0.0], [17.0, 13.0, 400.0], 190.0),
    ellipsoid([0.0, 93.0, 0.0], [9.0, 8.0, 400.0], 35.0),
    ellipsoid([0.0, 108.0, 0.0], [5.0, 9.0, 400.0], 380.0),
    ellipsoid([0.0, -104.0, 20.0], [20.0, 5.0, 90.0], 310.0),
    // vessels in the lungs
    ellipsoid([-60.0, 10.0, -10.0], [4.5, 30.0, 4.5], 150.0),
    ellipsoid([-84.0, 24.0, -20.0], [22.0, 3.5, 3.5], 140.0),
    ellipsoid([66.0, 16.0, 0.0], [4.0, 28.0, 4.0], 150.0),
    ellipsoid([92.0, 0.0, -14.0], [20.0, 3.2, 3.2], 140.0),
    ellipsoid(
        NODULE.0,
        [NODULE.1 / 2.0, NODULE.1 / 2.0, NODULE.1 / 2.0],
        45.0,
    ),
];

impl Ellipsoid {
    /// The slice of this ellipsoid at a height: center and half axes, if it is cut at all.
    fn at(&self, z: f32) -> Option<Cut> {
        let height = (z - self.center[2]) / self.axes[2];
        let scale = 1.0 - height * height;
        (scale > 0.0).then(|| {
            let scale = scale.sqrt();
            Cut {
                x: self.center[0],
                y: self.center[1],
                a: 1.0 / (self.axes[0] * scale).powi(2),
                b: 1.0 / (self.axes[1] * scale).powi(2),
                hounsfield: self.hounsfield,
            }
        })
    }

    /// Length in mm of the ray along y through (x, z).
    fn depth(&self, x: f32, z: f32) -> f32 {
        let across = (x - self.center[0]) / self.axes[0];
        let up = (z - self.center[2]) / self.axes[2];
        let rest = 1.0 - across * across - up * up;
        if rest > 0.0 {
            2.0 * self.axes[1] * rest.sqrt()
        } else {
            0.0
        }
    }
}

struct Cut {
    x: f32,
    y: f32,
    a: f32,
    b: f32,
    hounsfield: f32,
}

/// A slice of the chest at one height: asks for CT numbers.
pub struct Slice {
    cuts: Vec<Cut>,
    ribs: f32,
}

impl Slice {
    /// The slice at height `z` in mm.
    pub fn chest(z: f32) -> Slice {
        Slice {
            cuts: CHEST.iter().filter_map(|shape| shape.at(z)).collect(),
            ribs: z,
        }
    }

    /// The CT number at a point, in mm.
    pub fn hounsfield(&self, x: f32, y: f32) -> f32 {
        let mut value = AIR;
        for cut in &self.cuts {
            let (dx, dy) = (x - cut.x, y - cut.y);
            if dx * dx * cut.a + dy * dy * cut.b < 1.0 {
                value = cut.hounsfield;
            }
        }
        if rib(x, y, self.ribs) && value > -200.0 {
            value = 480.0;
        }
        value
    }
}

/// Ribs: a shell around the lungs, cut into rings that slope down to the front.
fn rib(x: f32, y: f32, z: f32) -> bool {
    let shell = (x / 152.0).powi(2) + (y / 101.0).powi(2);
    if !(0.93..1.03).contains(&shell) || x.abs() < 26.0 {
        return false;
    }
    let along = (z - y * 0.35).rem_euclid(28.0);
    along < 10.0
}

/// How much of a beam through the chest along y at (x, z) is absorbed, as a line integral of
/// attenuation (water: 0.02 per mm).
pub fn absorption(x: f32, z: f32) -> f32 {
    let mut sum = 0.0;
    let mut around = AIR;
    for shape in CHEST {
        let depth = shape.depth(x, z);
        if depth > 0.0 {
            // What the shape holds replaces what is around it: muscle, or the air outside.
            sum += depth * (shape.hounsfield - around.min(55.0)) / 1000.0 * 0.02;
        }
        if around == AIR {
            around = shape.hounsfield;
        } else {
            around = 55.0;
        }
    }
    let edge = (x.abs() / 152.0).min(1.0);
    let ribs = (z - x.abs() * 0.25).rem_euclid(28.0) < 9.0 && x.abs() > 26.0 && edge < 1.0;
    sum.max(0.0) + if ribs { 0.12 + 0.3 * edge.powi(6) } else { 0.0 }
}
